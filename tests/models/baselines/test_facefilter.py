import pytest
import torch

from models.baselines.facefilter.audio_only import AudioOnly
from models.baselines.facefilter.blocks import ConvBlock, FCBlock, ResBlock
from models.baselines.facefilter.network import FaceFilter

WIDTH = 24
Network = AudioOnly | FaceFilter


def magnitude(num_mixtures: int = 2, num_frames: int = 12) -> torch.Tensor:
    return torch.rand(num_mixtures, num_frames, 257, generator=torch.Generator().manual_seed(0))


def faces(num_mixtures: int = 2, num_faces: int = 2) -> torch.Tensor:
    drawn = torch.randn(num_mixtures, num_faces, 128, generator=torch.Generator().manual_seed(1))
    return torch.nn.functional.normalize(drawn, dim=2)


def new(attention: bool = True) -> FaceFilter:
    """A network that normalises by what it heard: with the statistics that it is born with, no layer passes much on."""
    torch.manual_seed(0)
    net = FaceFilter(WIDTH, attention)
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
    net(magnitude(4), faces(4))
    return net.eval().requires_grad_(False)


def count(kind: type[torch.nn.Module], net: torch.nn.Module) -> int:
    return sum(isinstance(module, kind) for module in net.modules())


def test_the_layers_are_those_of_table_1() -> None:
    with torch.device("meta"):
        net = FaceFilter()
    speech = net.speech_encoder.blocks
    assert [type(block) for block in speech] == [ConvBlock, ResBlock, ResBlock, ResBlock, ResBlock, FCBlock]
    assert [block[0].out_channels for block in net.image_encoder] == [1_536, 512]
    assert (speech[0][0].out_channels, speech[-1][0].out_channels) == (1_536, 512)
    assert [block[0].out_channels for block in net.mask_estimator.blocks] == [1_536] * 15
    assert net.mask_estimator.blocks[0][0].in_channels == 1_024
    assert net.mask_estimator.output.out_channels == 257
    assert net.attention is not None and net.attention.out_channels == 1


def test_the_baseline_differs_in_the_face_and_in_giving_two_masks() -> None:
    with torch.device("meta"):
        face, audio = FaceFilter(WIDTH, attention=False), AudioOnly(WIDTH)
    shared = [name for name in face.state_dict() if "image_encoder" not in name]
    assert list(audio.state_dict()) == shared
    assert audio.mask_estimator.output.out_channels == 2 * 257


@pytest.mark.parametrize("attention", [False, True])
def test_there_is_a_mask_for_every_face(attention: bool) -> None:
    masks = new(attention)(magnitude(), faces(num_faces=3))
    assert masks.shape == (2, 3, 12, 257)
    assert 0.0 <= float(masks.min()) < float(masks.max()) - 0.1 <= 0.9


def test_the_baseline_gives_two_masks() -> None:
    assert AudioOnly(WIDTH).eval()(magnitude()).shape == (2, 2, 12, 257)


@pytest.mark.parametrize("attention", [False, True])
def test_a_mask_depends_on_its_own_face_and_mixture_alone(attention: bool) -> None:
    net, heard, seen = new(attention), magnitude(), faces()
    masks = net(heard, seen)
    for b in range(2):
        for n in range(2):
            alone = net(heard[b : b + 1], seen[b : b + 1, n : n + 1])
            torch.testing.assert_close(masks[b, n], alone[0, 0], rtol=0, atol=1e-4)
    assert float((masks[0, 0] - masks[0, 1]).abs().max()) > 0.05


def test_uniform_fusion_gives_every_frame_the_same_identity_and_attention_weighs_it() -> None:
    speech = torch.randn(1, WIDTH // 3, 1, 12, generator=torch.Generator().manual_seed(2))
    identity = torch.ones(1, WIDTH // 3, 1, 1)
    assert torch.equal(new(False).weigh(speech, identity), torch.ones_like(speech))
    weighed = new(True).weigh(speech, identity)
    assert torch.equal(weighed, weighed[:, :1].expand_as(weighed)), "one weight a frame"
    assert weighed[0, 0].unique().numel() == 12
    assert 0.0 < float(weighed.min()) < float(weighed.max()) < 1.0


def test_a_residual_block_that_does_nothing_passes_on_what_went_in() -> None:
    block, x = ResBlock(4).eval(), torch.randn(2, 4, 1, 9)
    torch.nn.init.zeros_(block.body[1][0].weight)
    assert torch.equal(block(x), x)


def test_a_convolution_hears_five_frames() -> None:
    block = ConvBlock(3, 3).eval()
    torch.nn.init.ones_(block[0].weight)
    pulse = torch.zeros(1, 3, 1, 11)
    pulse[..., 5] = 1.0
    assert block(pulse)[0, 0, 0].nonzero().flatten().tolist() == [3, 4, 5, 6, 7]


def test_a_linear_block_hears_one_frame() -> None:
    x = torch.randn(1, 3, 1, 6)
    block = FCBlock(3, 5).eval()
    torch.testing.assert_close(block(x)[..., 2:3], block(x[..., 2:3]))


@pytest.mark.parametrize("width", [0, 2, 256])
def test_a_width_that_is_no_multiple_of_three_is_refused(width: int) -> None:
    with pytest.raises(ValueError, match=f"multiple of 3, got {width}"):
        FaceFilter(width)


def test_gradients_reach_every_weight() -> None:
    torch.manual_seed(0)
    net = FaceFilter(WIDTH).train()
    net(magnitude(4), faces(4)).log().square().mean().backward()
    assert all(parameter.grad is not None and parameter.grad.abs().sum() > 0 for parameter in net.parameters())
