//! Contract suites of the ports: what the fakes and the real adapters both have to keep.
