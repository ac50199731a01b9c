"""Graph files, ONNX and OpenVINO IR: read, counted under our conventions, and run literally. Never in the parent."""
