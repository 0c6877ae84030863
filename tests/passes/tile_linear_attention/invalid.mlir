// RUN: attn-opt %s --attn-tile-linear-attention=vector-bits=100 --verify-diagnostics

// expected-error @below {{vector-bits must be 128, 256 or 512, got 100}}
module {
}
