"""Training of facefilter: a face and a voice in one space, and the separator that follows them."""
