"""Writes small GGUF models for tests and benchmarks; every byte follows from a kind and a seed."""
