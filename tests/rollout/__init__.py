"""The rollout on machines that are real but for the kernel: systemd boots in each, in a network of its own."""
