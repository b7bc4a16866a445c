# SPDX-License-Identifier: Apache-2.0
"""What the end-to-end tests stand on.  It sees the gateway as outsiders do: HTTP, Kafka, signals."""
