"""The features of both papers, in pure torch, each streaming; frames of 2,048 samples, a hop of 512 or 1,920.

``FeatureSet`` gives all of them from one stream of samples; each is also a module of its own. What remembers has
``init_state(batch_size) -> state`` and ``forward(x, state) -> (y, state)``; what a frame alone decides has no state.

===================== ==== =================== =================================== =======================
feature               size memory              librosa                             tolerance
===================== ==== =================== =================================== =======================
log_mel               128  none                feature.melspectrogram, power_to_db 1e-3 dB, 80 dB down
mfcc                  13   none                feature.mfcc                        5e-5
centroid              1    none                feature.spectral_centroid, Hz       1e-4
bandwidth             1    none                feature.spectral_bandwidth, Hz      1e-4
rolloff               1    none                feature.spectral_rolloff, 0.85, Hz  equal in 99 %, or a bin
contrast              7    none                feature.spectral_contrast           1e-3 dB
chroma                12   none                feature.chroma_stft(tuning=0)       1e-4
rms                   1    none                feature.rms                         1e-5
zero_crossing_rate    1    none                feature.zero_crossing_rate          equal
flux                  1    1 frame             onset.onset_strength(S=log-mel)     1e-4
low_energy_share      1    100 frames          has none
chroma_vectors        360  30 stretches of 1 s has none
onset_autocorrelation L    forgets over 8 s    autocorrelate, over lag 0           1e-4
beat_histogram        161  forgets over 30 s   has none
beat                  6    as its histogram    has none
pitch_histogram       49   forgets over 30 s   has none
pitch                 5    as its histogram    has none
===================== ==== =================== =================================== =======================

L is 4 s and lag 0: 173 at a hop of 512, 47 at 1,920. Tolerances are relative to the largest value where no unit is
given, and hold for ``center=False``, ``top_db=None``: librosa's default pads half a frame in front and cuts 80 dB below
the loudest frame of the clip, so that it hears what is to come. Nothing here does: a frame's features are there with
its last sample, without further delay, and describe sound whose middle is 1,024 samples (46 ms) old.

Invariant: whatever the chunking, the batch and whether scripted, the numbers are those of one eager call over the clip.
"""
