vcl 4.1;

backend origin {
	.host = "origin";
	.port = "80";
	.connect_timeout = 500ms;
	.first_byte_timeout = 1s;
}

sub vcl_backend_response {
	set beresp.ttl = 1s;
	set beresp.grace = 0s;
}
