"""What the gateway costs per request, beside others on the same machine in the same run."""
