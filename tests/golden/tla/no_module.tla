There is no module here, only words --- and dashes.
