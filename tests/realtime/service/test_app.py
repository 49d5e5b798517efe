"""The HTTP side of the service, and who is let in."""

import asyncio
import json
import urllib.error
import urllib.request

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from realtime.errors import SettingsError
from realtime.service.access import require_token_off_loopback
from realtime.settings import Settings
from tests.realtime.service.conftest import open_client

TOKEN = "correct-horse"


async def get(address: str, path: str, **headers: str) -> tuple[int, dict, str]:
    """Returns status, headers and text of a GET."""

    def fetch() -> tuple[int, dict, str]:
        request = urllib.request.Request(f"http://{address}{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, dict(answer.headers), answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, dict(error.headers), error.read().decode()

    return await asyncio.to_thread(fetch)


async def test_health_readiness_plugins_and_metrics_answer(serve):
    async with serve() as address:
        assert json.loads((await get(address, "/healthz"))[2])["status"] == "alive"
        assert (await get(address, "/readyz"))[0] == 200
        plugins = json.loads((await get(address, "/v1/plugins"))[2])["plugins"]
        metrics = (await get(address, "/metrics"))[2]
    assert {"gain", "genre"} <= {plugin["name"] for plugin in plugins}
    gain = next(plugin for plugin in plugins if plugin["name"] == "gain")
    assert gain["params_schema"]["properties"]["gain_db"]["maximum"] == 20
    assert "tectum_sessions 0.0" in metrics
    assert 'tectum_step_seconds_count{plugin="gain"}' in metrics


async def test_the_page_is_served_with_headers_that_keep_it_to_itself(serve):
    async with serve() as address:
        status, headers, text = await get(address, "/")
    assert status == 200
    assert "<!doctype html>" in text.lower()
    assert "default-src 'self'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


async def test_errors_are_json(serve):
    async with serve() as address:
        status, _, text = await get(address, "/no/such/page")
    assert (status, json.loads(text)["code"]) == (404, "http_404")


@pytest.mark.parametrize(
    "path", ["/../pyproject.toml", "/%2e%2e/pyproject.toml", "/js/..%2f..%2fpyproject.toml", "/package.json", "/js/"]
)
async def test_nothing_but_the_page_is_served(serve, path):
    async with serve() as address:
        assert (await get(address, path))[0] == 404


async def test_readiness_ends_when_every_session_is_taken(serve):
    async with serve(max_sessions=1) as address, open_client(address) as client:
        await client.update({"name": "gain"}, mode="live")
        status, headers, _ = await get(address, "/readyz")
    assert (status, headers["retry-after"]) == (503, "5")


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://evil.example"}, {"Host": "evil.example"}, {"Origin": "null"}], ids=str
)
async def test_other_sites_reach_nothing(serve, headers):
    async with serve() as address:
        assert (await get(address, "/v1/plugins", **headers))[0] == 403
        if "Origin" in headers:
            with pytest.raises(InvalidStatus) as refused:
                async with open_client(address, origin=headers["Origin"]):
                    pass
            assert refused.value.response.status_code == 403


async def test_an_allowed_origin_may_connect(serve):
    async with serve(allowed_origins=("https://radio.example",)) as address:
        async with open_client(address, origin="https://radio.example") as client:
            assert client.events[0]["type"] == "session.created"


async def test_a_token_is_asked_for_everywhere_but_on_the_page_and_health(serve):
    async with serve(token=TOKEN) as address:
        for path in ("/", "/healthz", "/readyz"):
            assert (await get(address, path))[0] == 200
        for path in ("/v1/plugins", "/metrics"):
            status, headers, _ = await get(address, path)
            assert (status, headers["www-authenticate"]) == (401, "Bearer")
            assert (await get(address, path, Authorization="Bearer wrong-token"))[0] == 401
            assert (await get(address, path, Authorization=f"Bearer {TOKEN}"))[0] == 200


async def test_a_websocket_shows_its_token_as_header_or_subprotocol(serve):
    async with serve(token=TOKEN) as address:
        for options in (
            {"additional_headers": {"Authorization": f"Bearer {TOKEN}"}},
            {"subprotocols": ["tectum.v1", f"tectum.token.{TOKEN}"]},
        ):
            async with open_client(address, **options) as client:
                assert client.connection.subprotocol == "tectum.v1"
        with pytest.raises(InvalidStatus) as refused:
            async with open_client(address):
                pass
        assert refused.value.response.status_code == 401


async def test_a_browser_without_a_token_sees_a_close_code(serve):
    async with serve(token=TOKEN) as address:
        with pytest.raises(ConnectionClosed) as closed:
            async with open_client(address, origin=f"http://{address}"):
                pass
    assert closed.value.rcvd.code == 4401


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::"])
def test_an_address_that_others_reach_needs_a_token(host):
    with pytest.raises(SettingsError, match="expected a token"):
        require_token_off_loopback(Settings(host=host))
    require_token_off_loopback(Settings(host=host, token=TOKEN))


async def test_a_fault_of_ours_is_json_too(serve, monkeypatch):
    def fail(engine):
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr("realtime.service.app.render", fail)
    async with serve() as address:
        status, _, text = await get(address, "/metrics")
        assert (status, json.loads(text)["code"]) == (500, "internal")
        assert (await get(address, "/healthz"))[0] == 200
