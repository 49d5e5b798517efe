"""The separation network of paper 002, as it is written there: what the streaming separator is compared with.

| module | what | paper |
| --- | --- | --- |
| ``blocks`` | ConvBlock, ResBlock, FCBlock | figure 3 |
| ``network`` | speech encoder, image encoder, fusion, mask estimator | table 1, section 4 |
| ``audio_only`` | the same without a face: two masks, in any order | section 5.3 |
| ``spectrum`` | 257 bins every 10 ms, and back | section 5.1 |
| ``griffin_lim`` | phase for a magnitude that has none | section 4, [35] |

Paper 002 is "FaceFilter: Audio-visual speech separation using still images". It is offline: it hears a mixture to its
end before it says anything.

Invariant: every network maps the magnitude of a mixture, ``[B, F, 257]`` as ``spectrum`` gives it, to masks
``[B, N, F, 257]`` in [0, 1], one for each of N voices.
"""
