import pytest
import torch
from torch import Tensor
from torch.nn import functional

from models.face_attributes import FaceAttributes
from models.face_encoder import CLIP, NUM_FEATURES, FaceEncoder, FaceHead
from models.face_recognition import FaceRecognition


@pytest.fixture(autouse=True)
def _no_gradients():
    with torch.inference_mode():
        yield


@pytest.fixture(scope="module")
def net() -> FaceEncoder:
    torch.manual_seed(0)
    return FaceEncoder(FaceRecognition(), FaceAttributes(), [FaceHead(), FaceHead()]).eval()


def pictures(batch: int) -> Tensor:
    return 255 * torch.rand(batch, 3, 224, 224, generator=torch.Generator().manual_seed(0))


def seen(batch: int, scale: float = 1.0) -> Tensor:
    return scale * torch.randn(batch, NUM_FEATURES, generator=torch.Generator().manual_seed(1))


def test_an_embedding_has_length_one_and_pictures_do_not_see_each_other(net: FaceEncoder) -> None:
    x = pictures(2)
    embedding = net(x)
    assert embedding.shape == (2, net.embedding_size)
    torch.testing.assert_close(embedding.norm(dim=1), torch.ones(2))
    torch.testing.assert_close(net(x[1:]), embedding[1:], atol=1e-4, rtol=0)


def test_both_networks_see_the_middle_and_the_whole(net: FaceEncoder) -> None:
    x = pictures(1)
    tight, wide = net.see(x).chunk(2, 1)
    for half, crop in ((tight, x[:, :, 37:187, 37:187]), (wide, x)):
        descriptor, pooled = net.recognition(crop)
        age, male, looks = net.attributes(crop)
        expected = torch.cat((descriptor, pooled, looks, age[:, None], male[:, None]), 1)
        torch.testing.assert_close(half, expected, atol=1e-4, rtol=1e-4)


def test_scripted_equals_eager(net: FaceEncoder) -> None:
    scripted, x = torch.jit.script(net), pictures(1)
    torch.testing.assert_close(scripted(x), net(x), atol=1e-5, rtol=0)
    torch.testing.assert_close(scripted.embed(seen(3)), net.embed(seen(3)))


def test_the_answers_of_the_heads_are_averaged(net: FaceEncoder) -> None:
    x = seen(3)
    expected = functional.normalize(sum(head(x.clamp(-CLIP, CLIP)) for head in net.heads), dim=1)
    torch.testing.assert_close(net.embed(x), expected)


def test_what_is_seen_is_standardised_and_clipped() -> None:
    net = FaceEncoder(FaceRecognition(), FaceAttributes(), [FaceHead()]).eval()
    net.mean.fill_(2.0)
    net.scale.fill_(0.5)
    x = seen(2, 20.0)
    torch.testing.assert_close(net.embed(x), net.heads[0](((x - 2.0) / 2.0).clamp(-CLIP, CLIP)))
    torch.testing.assert_close(net.embed(x * 1e6), net.embed(x.sign() * 1e9), atol=1e-5, rtol=0)


def test_dropout_is_for_training_alone() -> None:
    torch.manual_seed(0)
    head = FaceHead(0.9)
    x = seen(2)
    assert not torch.equal(head(x), head(x))
    assert torch.equal(head.eval()(x), head(x))
    plain = FaceHead()
    plain.load_state_dict(head.state_dict())
    assert torch.equal(plain(x), head(x)), "what was trained with dropout is served without"
    assert [layer.p for layer in head.layers if isinstance(layer, torch.nn.Dropout)] == [0.9, 0.5]
