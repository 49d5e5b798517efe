"""The networks of the two papers, as they are written there: what the tagger that ships is compared with.

| module | network | paper | heard at once |
| --- | --- | --- | --- |
| ``lstm`` | 13 MFCC, LSTM 128, LSTM 32, 10 genres | 000, figure 7 | 1 s |
| ``hierarchy`` | seven of these in a tree of three levels | 000, figure 9 | 1 s |
| ``crnn`` | 96 mel bands, four convolutions, two GRU | 000, figure 8 | 10 s |
| ``mlp`` | 13 MFCC, dense 512, 256, 128 | 004, section 7.3 | 3 s |
| ``lstm64`` | 13 MFCC, two LSTM 64, dense 64 | 004, section 7.4 | 3 s |
| ``cnn`` | 13 MFCC, three convolutions, dense 64 | 004, section 7.5 and table 1 | 3 s |

Paper 000 is "Research on music genre classification algorithm based on deep learning", paper 004 "Music Information
Retrieval and Classification using Deep Learning". Both name a segment once it has been heard to its end.

Invariant: every network maps the mel bands of a segment, ``mel_db [B, F, 128]`` as ``models.frontend`` gives them, to
``log_probs [B, L]``; its features and their standardisation are inside it.
"""
