"""The graph of joint states as text, as DOT, as a picture and as a page."""
