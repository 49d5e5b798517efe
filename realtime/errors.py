"""The errors Tectum raises, each with a stable code that travels to the client.

::

    TectumError
    ├── BadInput                 what the client sent is wrong (close code 1008, HTTP 400)
    │   ├── BadFrame             a PCM frame: odd bytes, NaN, empty, oversized
    │   ├── BadFormat            an audio format outside the supported range
    │   ├── BadMessage           a control message: not JSON, not an object, too large, unknown type
    │   ├── BadUpload            the bytes after ``target.set``: too many, too slow, never finished
    │   ├── BadParam             a plugin parameter: unknown, wrong type, out of range
    │   ├── UnknownPlugin        a plugin name that is not installed
    │   ├── BadAudioFile         a file that holds no audio that can be decoded
    │   └── BadTarget            what should say whose voice to keep does not
    │       ├── BadPicture       not a JPEG, PNG or WEBP, damaged, or made to be a burden
    │       ├── PictureTooLarge  too many bytes or pixels
    │       ├── NoFace           nobody is seen
    │       ├── SeveralFaces     more than one person is seen, and none was chosen
    │       ├── FaceTooSmall     the face has too few pixels
    │       ├── PictureTooDark   the face is black
    │       ├── PictureTooFlat   the face has hardly any contrast
    │       ├── BadVoice         a sample without sound that can be decoded
    │       ├── VoiceTooShort    less speech than it takes
    │       └── VoiceSilent      silence, or a sound that never changes
    ├── Refused                  the request was fine, the answer is no
    │   ├── ServerFull           every session slot is taken (close code 1013, HTTP 503)
    │   └── NotAllowed           token or origin (close code 4401, HTTP 401 or 403)
    ├── DeviceUnavailable        no microphone, no sound server, no GPU, or it went away
    ├── ArtifactError            a model file that is missing, unknown, altered or of another contract
    ├── PluginFault              a plugin broke its contract and was disabled for one session
    │   ├── PluginRaised         ``step`` raised
    │   ├── PluginOutputInvalid  NaN, infinity or a wrong shape came out
    │   └── PluginStalled        ``step`` did not return in time
    ├── ClientTooSlow            a client that does not read what it is sent (close code 1008)
    └── SettingsError            a flag, ``TECTUM_*`` variable or ``tectum.toml`` entry

Invariant: a message says what was expected and what came; ``param`` names the field at fault.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar


class TectumError(Exception):
    """Base of every error that Tectum raises on purpose.

    Args:
        message: What was expected and what came, for a person to read.
        param: The field or parameter at fault, if one is.
    """

    code: ClassVar[str] = "internal"
    close_code: ClassVar[int] = 1011
    http_status: ClassVar[int] = 500

    def __init__(self, message: str, *, param: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param

    def to_event(self) -> dict[str, object]:
        """Returns the ``error`` event of the wire protocol, without ``seq`` and ``pts``."""
        return {"type": "error", "code": self.code, "message": self.message, "param": self.param}


class BadInput(TectumError):
    code = "bad_input"
    close_code = 1008
    http_status = 400


class BadFrame(BadInput):
    code = "bad_frame"


class BadFormat(BadInput):
    code = "bad_format"


class BadMessage(BadInput):
    code = "bad_message"


class BadUpload(BadInput):
    code = "bad_upload"


class BadParam(BadInput):
    code = "bad_param"


class UnknownPlugin(BadInput):
    code = "unknown_plugin"


class BadAudioFile(BadInput):
    code = "bad_audio_file"


class BadTarget(BadInput):
    code = "bad_target"


class BadPicture(BadTarget):
    code = "bad_picture"


class PictureTooLarge(BadTarget):
    code = "picture_too_large"


class NoFace(BadTarget):
    code = "no_face"


class SeveralFaces(BadTarget):
    """More than one person is seen.

    Args:
        message: As of every error.
        boxes: Of the faces, by index: left, top, right and bottom in pixels of the picture.
        param: As of every error.
    """

    code = "several_faces"

    def __init__(self, message: str, boxes: Sequence[tuple[int, int, int, int]], *, param: str | None = None) -> None:
        super().__init__(message, param=param)
        self.boxes = tuple(boxes)

    def to_event(self) -> dict[str, object]:
        """Returns the ``error`` event, and in it ``faces``: the boxes by index, to choose from."""
        return super().to_event() | {"faces": [list(box) for box in self.boxes]}


class FaceTooSmall(BadTarget):
    code = "face_too_small"


class PictureTooDark(BadTarget):
    code = "picture_too_dark"


class PictureTooFlat(BadTarget):
    code = "picture_too_flat"


class BadVoice(BadTarget):
    code = "bad_voice"


class VoiceTooShort(BadTarget):
    code = "voice_too_short"


class VoiceSilent(BadTarget):
    code = "voice_silent"


class Refused(TectumError):
    code = "refused"
    close_code = 1008
    http_status = 403


class ServerFull(Refused):
    code = "server_full"
    close_code = 1013
    http_status = 503


class NotAllowed(Refused):
    code = "not_allowed"
    close_code = 4401
    http_status = 401


class DeviceUnavailable(TectumError):
    code = "device_unavailable"


class ArtifactError(TectumError):
    code = "artifact_error"


class PluginFault(TectumError):
    code = "plugin_fault"


class PluginRaised(PluginFault):
    code = "plugin_raised"


class PluginOutputInvalid(PluginFault):
    code = "plugin_output_invalid"


class PluginStalled(PluginFault):
    code = "plugin_stalled"


class ClientTooSlow(TectumError):
    code = "client_too_slow"
    close_code = 1008


class SettingsError(TectumError):
    code = "bad_settings"
