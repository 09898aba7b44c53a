"""The rollout on machines that are real but for the kernel: each boots systemd in a network of its own."""
