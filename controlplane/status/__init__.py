"""Is everything all right: each part with what was seen of it, and a trial through all of them."""
