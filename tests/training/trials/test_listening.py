import numpy as np
import pytest
import torch

from models.frontend import FRAME_SAMPLES, HOP_SAMPLES
from training.genre.corpus import Corpus
from training.genre.decode import quantise
from training.genre.trials import listening
from training.genre.trials.bands import Bands
from training.genre.trials.listening import Subject, num_frames

LOUD_DB, SILENT_DB = -20.0, -110.0


def bands_of(corpus: Corpus, clips: list[int], frames: int, level_db: float = LOUD_DB) -> Bands:
    shape = (len(clips), frames)
    return Bands(corpus.mel[clips, :frames], corpus.chroma[clips, :frames], np.full(shape, level_db, dtype=np.float32))


def test_a_genre_is_shown_once_there_is_evidence_for_it(subject: Subject, gtzan: Corpus) -> None:
    heard = subject.hear(bands_of(gtzan, [0, 9, 39], 60))
    assert heard.shown.shape == (3, 60)
    assert (heard.shown[:, :10] == -1).all()
    assert heard.shown[:, -1].tolist() == [0, 2, 9]
    assert heard.is_music[:, -1].all()
    assert np.allclose(heard.average.sum(-1), 1.0, atol=1e-4)


def test_the_batch_does_not_matter(untrained: Subject, gtzan: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    bands = bands_of(gtzan, [0, 9, 20, 31, 39], 40)
    together = untrained.hear(bands)
    monkeypatch.setattr(listening, "STREAMS_AT_ONCE", 2)
    apart = untrained.hear(bands)
    assert np.allclose(together.probs, apart.probs, atol=1e-5)
    assert np.array_equal(together.due, apart.due)


def test_silence_makes_the_network_start_afresh(remembering: Subject, gtzan: Corpus) -> None:
    """After two seconds of silence a clip sounds as if it were the first; after half a second it does not."""

    def after(silent_frames: int) -> np.ndarray:
        clip, other = bands_of(gtzan, [5], 20), bands_of(gtzan, [30], 40)
        gap = bands_of(gtzan, [0], silent_frames, SILENT_DB)
        parts = [Bands(part.mel, part.chroma, part.level_db) for part in (other, gap, clip)]
        joined = Bands(
            *(np.concatenate([getattr(part, name) for part in parts], axis=1) for name in ("mel", "chroma", "level_db"))
        )
        return remembering.hear(joined).probs[0, -20:]

    fresh = remembering.hear(bands_of(gtzan, [5], 20)).probs[0]
    assert np.allclose(after(23), fresh, atol=1e-6)
    assert not np.allclose(after(6), fresh, atol=1e-4)


def test_audio_and_its_bands_come_to_the_same_verdict(subject: Subject) -> None:
    """Ten seconds of a tone, three of silence and three of the tone, by both ways of listening."""
    front_end = subject.tagger.net.bands
    time_s = np.arange(16 * 22_050) / 22_050
    audio = 0.3 * np.sin(2 * np.pi * 345 * time_s)
    audio[10 * 22_050 : 13 * 22_050] = 0.0
    audio = audio.astype(np.float32)
    frames = num_frames(len(audio))
    x = torch.from_numpy(audio)[None]
    mel, chroma = front_end(x)
    rms = x.unfold(1, FRAME_SAMPLES, HOP_SAMPLES).square().mean(-1).sqrt()
    level_db = (20 * rms.clamp_min(1e-6).log10()).numpy()
    heard = subject.hear(Bands(quantise(mel), quantise(chroma), level_db))
    (verdict,) = subject.music_in([audio])
    assert len(verdict) == frames == heard.is_music.shape[1]
    assert np.array_equal(verdict, heard.is_music[0])
    assert verdict[100] and not verdict[140] and verdict[-1]


def test_clips_of_any_length_are_heard_to_their_own_end(subject: Subject, rng) -> None:
    lengths = [FRAME_SAMPLES - 1, 50_000, FRAME_SAMPLES, 22_050]
    clips = [(0.1 * rng.standard_normal(length)).astype(np.float32) for length in lengths]
    together = subject.music_in(clips)
    assert [len(verdict) for verdict in together] == [0, 25, 1, 11]
    alone = [subject.music_in([clip])[0] for clip in clips]
    assert all(np.array_equal(one, other) for one, other in zip(together, alone, strict=True))


def test_events_come_twice_a_second_and_say_what_is_shown(subject: Subject, gtzan: Corpus) -> None:
    heard = subject.hear(bands_of(gtzan, [8, 39], 343))
    events = list(subject.events(heard, 1))
    assert len(events) == 59
    assert events[0]["label"] is None
    assert events[-1]["label"] == "rock" and events[-1]["music"] is True
    best = max(events[-1]["top"], key=lambda entry: entry["p"])
    assert best["label"] == "rock"


def test_the_temperature_is_the_networks(gtzan: Corpus, subject: Subject) -> None:
    net = gtzan.new_net()
    net.temperature.fill_(1.5)
    assert Subject.of(net, gtzan.label_names).temperature == 1.5
    assert subject.temperature is None, "this one has none"
