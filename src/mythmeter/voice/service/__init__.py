"""The voice as a service: an HTTP server in the manner of OpenAI's speech endpoint, measured."""
