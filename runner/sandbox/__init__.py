"""Stand-ins for real APIs: functions from a request to a response, and the transport and the server around them."""
