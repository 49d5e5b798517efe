"""Reads the public weights of face networks from the npm package ``@vladmandic/face-api`` (MIT licence).

They began as dlib's recognition network and as ``face-api.js`` (Mühler, 2018). The package is not part of Tectum:
``npm pack @vladmandic/face-api@1.7.15`` fetches it, ``tar xf`` unpacks it into a folder ``package``.

Invariant: every byte of a file of weights becomes a tensor, or nothing does.
"""

from __future__ import annotations

import json
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from models.face_attributes import FaceAttributes
from models.face_detector import CHANNELS, FaceDetector
from models.face_finder import FaceFinder
from models.face_landmarks import FaceLandmarks
from models.face_recognition import BLOCKS, FaceRecognition

HOW_TO_GET = "npm pack @vladmandic/face-api@1.7.15 && tar xf vladmandic-face-api-1.7.15.tgz"


class PublicWeightsError(ValueError):
    """The folder does not hold the weights that were asked for."""


def read_tensors(folder: Path, name: str) -> dict[str, Tensor]:
    """Returns the tensors of one network, float32, in TensorFlow's layout.

    A tensor is stored as float32, or as uint8 ``q`` that means ``q * scale + min``.

    Args:
        folder: The unpacked package.
        name: Of the network, such as ``face_recognition_model``.

    Raises:
        PublicWeightsError: A file is missing, or its length is not what its manifest says.
    """
    manifest, weights = (folder / "model" / f"{name}{ending}" for ending in ("-weights_manifest.json", ".bin"))
    for path in (manifest, weights):
        if not path.is_file():
            raise PublicWeightsError(f"expected {path.name} in {path.parent}, got none: {HOW_TO_GET}")
    entries = [entry for group in json.loads(manifest.read_text()) for entry in group["weights"]]
    content = weights.read_bytes()
    expected = sum(_num_bytes(entry) for entry in entries)
    if len(content) != expected:
        raise PublicWeightsError(f"expected {expected} bytes in {weights.name}, got {len(content)}: {HOW_TO_GET}")
    tensors, start = {}, 0
    for entry in entries:
        end = start + _num_bytes(entry)
        tensors[entry["name"]] = _tensor(entry, content[start:end])
        start = end
    return tensors


def face_recognition(folder: Path) -> FaceRecognition:
    """Returns the recognition network with its public weights.

    Raises:
        PublicWeightsError: They are not in ``folder``.
    """
    tensors = read_tensors(folder, "face_recognition_model")
    net = FaceRecognition()
    weights = {"mean": net.mean, "descriptor.weight": tensors["fc"].T, **scaled_conv(tensors, "conv32_down", "stem")}
    for block in BLOCKS:
        for i in (1, 2):
            weights |= scaled_conv(tensors, f"{block}/conv{i}", f"blocks.{block}.conv{i}")
    net.load_state_dict(weights)
    return net.eval()


def face_attributes(folder: Path) -> FaceAttributes:
    """Returns the network of age and sex with its public weights.

    Raises:
        PublicWeightsError: They are not in ``folder``.
    """
    tensors = read_tensors(folder, "age_gender_model")
    net = FaceAttributes()
    weights = {"mean": net.mean, **conv(tensors, "entry_flow/conv_in", "stem")}
    for public, ours in (
        ("entry_flow/reduction_block_0", "entry.0"),
        ("entry_flow/reduction_block_1", "entry.1"),
        ("exit_flow/reduction_block", "exit.0"),
    ):
        weights |= conv(tensors, f"{public}/expansion_conv", f"{ours}.expansion")
        for i in range(2):
            weights |= separable_conv(tensors, f"{public}/separable_conv{i}", f"{ours}.conv{i}")
    for block in range(2):
        for i in range(3):
            public = f"middle_flow/main_block_{block}/separable_conv{i}"
            weights |= separable_conv(tensors, public, f"middle.{block}.conv{i}")
    weights |= separable_conv(tensors, "exit_flow/separable_conv", "exit.1")
    for public, ours in (("fc/age", "age"), ("fc/gender", "sex")):
        weights |= {f"{ours}.weight": tensors[f"{public}/weights"].T, f"{ours}.bias": tensors[f"{public}/bias"]}
    net.load_state_dict(weights)
    return net.eval()


def face_finder(folder: Path) -> FaceFinder:
    """Returns the networks that find faces and points on them, with their public weights.

    Raises:
        PublicWeightsError: They are not in ``folder``.
    """
    return FaceFinder(face_detector(folder), face_landmarks(folder)).eval()


def face_detector(folder: Path) -> FaceDetector:
    """Returns the tiny detector with its public weights.

    Raises:
        PublicWeightsError: They are not in ``folder``.
    """
    tensors = read_tensors(folder, "tiny_face_detector_model")
    net = FaceDetector()
    weights = {"mean": net.mean, "anchors": net.anchors}
    weights |= conv(tensors, "conv0", "stem") | conv(tensors, "conv8", "output")
    for i in range(1, len(CHANNELS)):
        weights |= separable_conv(tensors, f"conv{i}", f"convs.{i - 1}")
    net.load_state_dict(weights)
    return net.eval()


def face_landmarks(folder: Path) -> FaceLandmarks:
    """Returns the tiny network of 68 points with its public weights.

    Raises:
        PublicWeightsError: They are not in ``folder``.
    """
    tensors = read_tensors(folder, "face_landmark_68_tiny_model")
    net = FaceLandmarks()
    weights = {"mean": net.mean, "parts": net.parts, **conv(tensors, "dense0/conv0", "blocks.0.conv0")}
    for block in range(3):
        for i in range(0 if block else 1, 3):
            weights |= separable_conv(tensors, f"dense{block}/conv{i}", f"blocks.{block}.conv{i}")
    weights |= {"points.weight": tensors["fc/weights"].T, "points.bias": tensors["fc/bias"]}
    net.load_state_dict(weights)
    return net.eval()


def conv(tensors: dict[str, Tensor], public: str, ours: str) -> dict[str, Tensor]:
    """Returns the weight and bias of a convolution in torch's layout.

    Args:
        tensors: From ``read_tensors``; filters are ``[height, width, in, out]``.
        public: The convolution's name there.
        ours: Its name in our network: prefix of the names that are returned.
    """
    return {
        f"{ours}.weight": tensors[f"{public}/filters"].permute(3, 2, 0, 1),
        f"{ours}.bias": tensors[f"{public}/bias"],
    }


def scaled_conv(tensors: dict[str, Tensor], public: str, ours: str) -> dict[str, Tensor]:
    """Returns a convolution and the scale that batch normalisation left behind it as one; see ``conv``."""
    unscaled = conv(tensors, f"{public}/conv", ours)
    scale, shift = tensors[f"{public}/scale/weights"], tensors[f"{public}/scale/biases"]
    return {
        f"{ours}.weight": unscaled[f"{ours}.weight"] * scale[:, None, None, None],
        f"{ours}.bias": unscaled[f"{ours}.bias"] * scale + shift,
    }


def separable_conv(tensors: dict[str, Tensor], public: str, ours: str) -> dict[str, Tensor]:
    """Returns a separable convolution, see ``conv``; the depthwise filters are ``[height, width, in, 1]``."""
    return {
        f"{ours}.depthwise.weight": tensors[f"{public}/depthwise_filter"].permute(2, 3, 0, 1),
        f"{ours}.pointwise.weight": tensors[f"{public}/pointwise_filter"].permute(3, 2, 0, 1),
        f"{ours}.pointwise.bias": tensors[f"{public}/bias"],
    }


def _num_bytes(entry: dict[str, Any]) -> int:
    return prod(entry["shape"]) * (1 if "quantization" in entry else 4)


def _tensor(entry: dict[str, Any], content: bytes) -> Tensor:
    stored = entry.get("quantization")
    if stored:
        values = np.frombuffer(content, np.uint8) * stored["scale"] + stored["min"]
    else:
        values = np.frombuffer(content, "<f4")
    return torch.from_numpy(values.astype(np.float32).reshape(entry["shape"]))
