"""Helpers of the tests that are neither fixtures nor tests."""
