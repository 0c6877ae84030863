// RUN: attn-opt %s --verify-roundtrip | attn-opt | FileCheck %s
// RUN: attn-opt %s --mlir-print-op-generic | attn-opt | FileCheck %s

// CHECK-LABEL: func.func @attention
func.func @attention(%q: tensor<?x?x?x64xf32>, %k: tensor<?x?x?x64xf32>, %v: tensor<?x?x?x32xf32>, %c: f32)
    -> tensor<?x?x?x32xf32> {
  // CHECK: attn.attention %{{.*}}, %{{.*}}, %{{.*}} scale %{{.*}} : f32 mask {
  // CHECK-NEXT: ^bb0(%[[B:.*]]: index, %[[H:.*]]: index, %[[Q:.*]]: index, %[[K:.*]]: index):
  // CHECK-NEXT: arith.cmpi sle, %[[K]], %[[Q]] : index
  // CHECK-NEXT: attn.yield %{{.*}} : i1
  // CHECK-NEXT: } score {
  // CHECK-NEXT: ^bb0(%[[S:.*]]: f32, %{{.*}}: index, %{{.*}}: index, %{{.*}}: index, %{{.*}}: index):
  // CHECK-NEXT: math.tanh %[[S]] : f32
  // CHECK: } : tensor<?x?x?x64xf32>, tensor<?x?x?x64xf32>, tensor<?x?x?x32xf32> -> tensor<?x?x?x32xf32>
  %o = attn.attention %q, %k, %v scale %c : f32 mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %a = arith.cmpi sle, %j, %i : index
    attn.yield %a : i1
  } score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %t = math.tanh %s : f32
    attn.yield %t : f32
  } : tensor<?x?x?x64xf32>, tensor<?x?x?x64xf32>, tensor<?x?x?x32xf32> -> tensor<?x?x?x32xf32>
  return %o : tensor<?x?x?x32xf32>
}

// Lower ranks, other element types, grouped heads, empty extents.
// CHECK-LABEL: func.func @shapes
func.func @shapes(%q2: tensor<5x8xf64>, %k2: tensor<0x8xf64>, %c: f64,
                  %q3: tensor<2x?x8xf16>, %k3: tensor<?x7x8xf16>,
                  %q4: tensor<1x6x5x0xbf16>, %k4: tensor<1x2x7x0xbf16>, %v4: tensor<1x2x7x3xbf16>) {
  // CHECK: attn.attention %{{.*}}, %{{.*}}, %{{.*}} scale %{{.*}} : f64 : tensor<5x8xf64>, tensor<0x8xf64>, tensor<0x8xf64> -> tensor<5x8xf64>
  %0 = attn.attention %q2, %k2, %k2 scale %c : f64 : tensor<5x8xf64>, tensor<0x8xf64>, tensor<0x8xf64> -> tensor<5x8xf64>
  %1 = attn.attention %q3, %k3, %k3 : tensor<2x?x8xf16>, tensor<?x7x8xf16>, tensor<?x7x8xf16> -> tensor<2x?x8xf16>
  %2 = attn.attention %q4, %k4, %v4 : tensor<1x6x5x0xbf16>, tensor<1x2x7x0xbf16>, tensor<1x2x7x3xbf16> -> tensor<1x6x5x3xbf16>
  return
}

// CHECK-LABEL: func.func @outs
func.func @outs(%q: tensor<?x64xf32>, %o: tensor<?x64xf32>) -> tensor<?x64xf32> {
  // CHECK: attn.attention %{{.*}}, %{{.*}}, %{{.*}} outs(%{{.*}} : tensor<?x64xf32>) :
  // CHECK-SAME: -> tensor<?x64xf32>
  %0 = attn.attention %q, %q, %q outs(%o : tensor<?x64xf32>) : tensor<?x64xf32>, tensor<?x64xf32>, tensor<?x64xf32> -> tensor<?x64xf32>
  return %0 : tensor<?x64xf32>
}

// CHECK-LABEL: func.func @buffers
func.func @buffers(%q: memref<?x64xf32>, %k: memref<?x64xf32, strided<[128, 1], offset: ?>>, %o: memref<?x64xf32>) {
  // CHECK: attn.attention {{.*}} outs(%{{.*}} : memref<?x64xf32>) : memref<?x64xf32>, memref<?x64xf32, strided<[128, 1], offset: ?>>, memref<?x64xf32>{{$}}
  attn.attention %q, %k, %q outs(%o : memref<?x64xf32>)
    : memref<?x64xf32>, memref<?x64xf32, strided<[128, 1], offset: ?>>, memref<?x64xf32>
  return
}

// A rule may read, and may hold regions of its own.
// CHECK-LABEL: func.func @rule_reads
func.func @rule_reads(%q: tensor<?x64xf32>, %table: tensor<?xi64>, %buffer: memref<?xi64>) -> tensor<?x64xf32> {
  %0 = attn.attention %q, %q, %q mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %c = arith.cmpi sle, %j, %i : index
    // CHECK: scf.if
    %a = scf.if %c -> i1 {
      %x = tensor.extract %table[%i] : tensor<?xi64>
      %y = memref.load %buffer[%j] : memref<?xi64>
      %e = arith.cmpi eq, %x, %y : i64
      scf.yield %e : i1
    } else {
      scf.yield %c : i1
    }
    attn.yield %a : i1
  } : tensor<?x64xf32>, tensor<?x64xf32>, tensor<?x64xf32> -> tensor<?x64xf32>
  return %0 : tensor<?x64xf32>
}

// CHECK-LABEL: func.func @mask
func.func @mask(%n: index) -> tensor<?x4x?xi1> {
  // CHECK: attn.mask(%{{.*}}, %{{.*}}) {
  // CHECK-NEXT: ^bb0(%{{.*}}: index, %{{.*}}: index, %{{.*}}: index, %{{.*}}: index):
  // CHECK: } : tensor<?x4x?xi1>
  %0 = attn.mask(%n, %n) {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %a = arith.cmpi ult, %j, %i : index
    attn.yield %a : i1
  } : tensor<?x4x?xi1>
  return %0 : tensor<?x4x?xi1>
}

// CHECK-LABEL: func.func @score
func.func @score(%x: tensor<?x?xf16>) -> tensor<?x?xf16> {
  // CHECK: attn.score %{{.*}} {
  // CHECK-NEXT: ^bb0(%{{.*}}: f16, %{{.*}}: index, %{{.*}}: index, %{{.*}}: index, %{{.*}}: index):
  // CHECK: } : tensor<?x?xf16>
  %0 = attn.score %x {
  ^bb0(%s: f16, %b: index, %h: index, %i: index, %j: index):
    %t = math.tanh %s : f16
    attn.yield %t : f16
  } : tensor<?x?xf16>
  return %0 : tensor<?x?xf16>
}

// Other normalisers than softmax, sinks, factors and statistics.
// CHECK-LABEL: func.func @slots
func.func @slots(%q: tensor<?x4x?x64xf32>, %s: tensor<4xf32>, %c: f32, %l: tensor<?x4x?xf32>) {
  // CHECK: attn.attention %{{.*}}, %{{.*}}, %{{.*}} normalizer none : tensor
  %0 = attn.attention %q, %q, %q normalizer none
    : tensor<?x4x?x64xf32>, tensor<?x4x?x64xf32>, tensor<?x4x?x64xf32> -> tensor<?x4x?x64xf32>
  // The softmax is not printed.
  // CHECK: attn.attention %{{.*}}, %{{.*}}, %{{.*}} sink %{{.*}} : f32 : tensor
  %1 = attn.attention %q, %q, %q normalizer softmax sink %c : f32
    : tensor<?x4x?x64xf32>, tensor<?x4x?x64xf32>, tensor<?x4x?x64xf32> -> tensor<?x4x?x64xf32>
  // CHECK: attn.attention %{{.*}}, %{{.*}}, %{{.*}} sink %{{.*}} : tensor<4xf32> factor {
  // CHECK-NEXT: ^bb0(%[[B:.*]]: index, %[[H:.*]]: index, %[[Q:.*]]: index, %[[K:.*]]: index):
  // CHECK: } lse_outs(%{{.*}} : tensor<?x4x?xf32>) : {{.*}} -> tensor<?x4x?x64xf32> lse tensor<?x4x?xf32> max tensor<?x4x?xf32>
  %2:3 = attn.attention %q, %q, %q sink %s : tensor<4xf32> factor {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    attn.yield %c : f32
  } lse_outs(%l : tensor<?x4x?xf32>)
    : tensor<?x4x?x64xf32>, tensor<?x4x?x64xf32>, tensor<?x4x?x64xf32> -> tensor<?x4x?x64xf32> lse tensor<?x4x?xf32> max tensor<?x4x?xf32>
  // CHECK: -> tensor<?x4x?x64xf32> max tensor<?x4x?xf32> entropy tensor<?x4x?xf32>
  %3:3 = attn.attention %q, %q, %q
    : tensor<?x4x?x64xf32>, tensor<?x4x?x64xf32>, tensor<?x4x?x64xf32> -> tensor<?x4x?x64xf32> max tensor<?x4x?xf32> entropy tensor<?x4x?xf32>
  return
}

// CHECK-LABEL: func.func @statistics_buffers
func.func @statistics_buffers(%q: memref<?x64xf32>, %o: memref<?x64xf32>, %s: memref<1xf32>, %m: memref<?xf32>) {
  // CHECK: sink %{{.*}} : memref<1xf32> outs(%{{.*}} : memref<?x64xf32>) max_outs(%{{.*}} : memref<?xf32>) : memref<?x64xf32>, memref<?x64xf32>, memref<?x64xf32>{{$}}
  attn.attention %q, %q, %q sink %s : memref<1xf32> outs(%o : memref<?x64xf32>) max_outs(%m : memref<?xf32>)
    : memref<?x64xf32>, memref<?x64xf32>, memref<?x64xf32>
  return
}
