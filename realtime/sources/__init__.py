"""Where audio comes from: files, the microphone, websocket clients."""
