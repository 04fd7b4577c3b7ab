"""The network, its losses and its batches."""
