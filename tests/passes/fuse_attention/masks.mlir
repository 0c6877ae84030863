// RUN: attn-opt %s --attn-fuse-pipeline | FileCheck %s --implicit-check-not=attn.matmul --implicit-check-not=attn.softmax

// Every spelling of a mask ends in the mask region.

// CHECK-LABEL: func.func @where
// CHECK: mask {
// CHECK-NEXT: ^bb0(%b: index, %h: index, %q: index, %k: index):
// CHECK-NEXT: %[[A:.*]] = arith.cmpi sle, %k, %q : index
// CHECK-NEXT: attn.yield %[[A]]
// CHECK-NEXT: } :
func.func @where(%q: tensor<?x?x?x?xf32>, %k: tensor<?x?x?x?xf32>, %v: tensor<?x?x?x?xf32>) -> tensor<?x?x?x?xf32> {
  %i0 = arith.constant 0 : index
  %i1 = arith.constant 1 : index
  %i2 = arith.constant 2 : index
  %nb = tensor.dim %q, %i0 : tensor<?x?x?x?xf32>
  %nh = tensor.dim %q, %i1 : tensor<?x?x?x?xf32>
  %nq = tensor.dim %q, %i2 : tensor<?x?x?x?xf32>
  %nk = tensor.dim %k, %i2 : tensor<?x?x?x?xf32>
  %m = attn.mask(%nb, %nh, %nq, %nk) {
  ^bb0(%b: index, %h: index, %qi: index, %ki: index):
    %a = arith.cmpi sle, %ki, %qi : index
    attn.yield %a : i1
  } : tensor<?x?x?x?xi1>
  %ninf = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0.0 : f32
  %t = attn.transpose %k [0, 1, 3, 2] : tensor<?x?x?x?xf32>
  %s = attn.matmul %q, %t : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  %x = attn.select %m, %s, %ninf : tensor<?x?x?x?xi1>, tensor<?x?x?x?xf32>, f32
  %w = attn.softmax %x axis 3 : tensor<?x?x?x?xf32>
  %o = attn.matmul %w, %v : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  return %o : tensor<?x?x?x?xf32>
}

// CHECK-LABEL: func.func @where_not
// CHECK: mask {
// CHECK: arith.cmpi sle, %k, %q
// CHECK-NOT: score {
func.func @where_not(%q: tensor<?x?x?x?xf32>, %k: tensor<?x?x?x?xf32>, %v: tensor<?x?x?x?xf32>) -> tensor<?x?x?x?xf32> {
  %i0 = arith.constant 0 : index
  %i1 = arith.constant 1 : index
  %i2 = arith.constant 2 : index
  %nb = tensor.dim %q, %i0 : tensor<?x?x?x?xf32>
  %nh = tensor.dim %q, %i1 : tensor<?x?x?x?xf32>
  %nq = tensor.dim %q, %i2 : tensor<?x?x?x?xf32>
  %nk = tensor.dim %k, %i2 : tensor<?x?x?x?xf32>
  %m = attn.mask(%nb, %nh, %nq, %nk) {
  ^bb0(%b: index, %h: index, %qi: index, %ki: index):
    %a = arith.cmpi sle, %ki, %qi : index
    attn.yield %a : i1
  } : tensor<?x?x?x?xi1>
  %ninf = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0.0 : f32
  %t = attn.transpose %k [0, 1, 3, 2] : tensor<?x?x?x?xf32>
  %s = attn.matmul %q, %t : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  %n = attn.unary not %m : tensor<?x?x?x?xi1>
  %x = attn.select %n, %ninf, %s : tensor<?x?x?x?xi1>, f32, tensor<?x?x?x?xf32>
  %w = attn.softmax %x axis 3 : tensor<?x?x?x?xf32>
  %o = attn.matmul %w, %v : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  return %o : tensor<?x?x?x?xf32>
}

// CHECK-LABEL: func.func @added
// CHECK: mask {
// CHECK: arith.cmpi sle, %k, %q
func.func @added(%q: tensor<?x?x?x?xf32>, %k: tensor<?x?x?x?xf32>, %v: tensor<?x?x?x?xf32>) -> tensor<?x?x?x?xf32> {
  %i0 = arith.constant 0 : index
  %i1 = arith.constant 1 : index
  %i2 = arith.constant 2 : index
  %nb = tensor.dim %q, %i0 : tensor<?x?x?x?xf32>
  %nh = tensor.dim %q, %i1 : tensor<?x?x?x?xf32>
  %nq = tensor.dim %q, %i2 : tensor<?x?x?x?xf32>
  %nk = tensor.dim %k, %i2 : tensor<?x?x?x?xf32>
  %m = attn.mask(%nb, %nh, %nq, %nk) {
  ^bb0(%b: index, %h: index, %qi: index, %ki: index):
    %a = arith.cmpi sle, %ki, %qi : index
    attn.yield %a : i1
  } : tensor<?x?x?x?xi1>
  %ninf = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0.0 : f32
  %t = attn.transpose %k [0, 1, 3, 2] : tensor<?x?x?x?xf32>
  %s = attn.matmul %q, %t : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  %z = attn.binary mul %s, %zero : tensor<?x?x?x?xf32>, f32
  %y = attn.select %m, %z, %ninf : tensor<?x?x?x?xi1>, tensor<?x?x?x?xf32>, f32
  %x = attn.binary add %y, %s : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  %w = attn.softmax %x axis 3 : tensor<?x?x?x?xf32>
  %o = attn.matmul %w, %v : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  return %o : tensor<?x?x?x?xf32>
}

// CHECK-LABEL: func.func @scaled_after_masking
// CHECK: attn.attention {{.*}} scale
// CHECK-SAME: mask {
// CHECK-NEXT: ^bb0(%b: index, %h: index, %q: index, %k: index):
// CHECK-NEXT: %[[A:.*]] = arith.cmpi sle, %k, %q : index
// CHECK-NEXT: attn.yield %[[A]]
// CHECK-NEXT: } :
func.func @scaled_after_masking(%q: tensor<?x?x?x?xf32>, %k: tensor<?x?x?x?xf32>, %v: tensor<?x?x?x?xf32>) -> tensor<?x?x?x?xf32> {
  %i0 = arith.constant 0 : index
  %i1 = arith.constant 1 : index
  %i2 = arith.constant 2 : index
  %nb = tensor.dim %q, %i0 : tensor<?x?x?x?xf32>
  %nh = tensor.dim %q, %i1 : tensor<?x?x?x?xf32>
  %nq = tensor.dim %q, %i2 : tensor<?x?x?x?xf32>
  %nk = tensor.dim %k, %i2 : tensor<?x?x?x?xf32>
  %m = attn.mask(%nb, %nh, %nq, %nk) {
  ^bb0(%b: index, %h: index, %qi: index, %ki: index):
    %a = arith.cmpi sle, %ki, %qi : index
    attn.yield %a : i1
  } : tensor<?x?x?x?xi1>
  %ninf = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0.0 : f32
  %t = attn.transpose %k [0, 1, 3, 2] : tensor<?x?x?x?xf32>
  %s = attn.matmul %q, %t : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  %x = attn.select %m, %s, %ninf : tensor<?x?x?x?xi1>, tensor<?x?x?x?xf32>, f32
  %half = arith.constant 0.5 : f32
  %y = attn.binary mul %x, %half : tensor<?x?x?x?xf32>, f32
  %w = attn.softmax %y axis 3 : tensor<?x?x?x?xf32>
  %o = attn.matmul %w, %v : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  return %o : tensor<?x?x?x?xf32>
}

// CHECK-LABEL: func.func @computed_from_ranges
// CHECK: mask {
// CHECK-NEXT: ^bb0(%b: index, %h: index, %q: index, %k: index):
// CHECK-NEXT: %[[A:.*]] = arith.cmpi sge, %q, %k : index
// CHECK-NEXT: attn.yield %[[A]]
// CHECK-NEXT: } :
func.func @computed_from_ranges(%q: tensor<?x?x?x?xf32>, %k: tensor<?x?x?x?xf32>, %v: tensor<?x?x?x?xf32>) -> tensor<?x?x?x?xf32> {
  %i0 = arith.constant 0 : index
  %i1 = arith.constant 1 : index
  %i2 = arith.constant 2 : index
  %nb = tensor.dim %q, %i0 : tensor<?x?x?x?xf32>
  %nh = tensor.dim %q, %i1 : tensor<?x?x?x?xf32>
  %nq = tensor.dim %q, %i2 : tensor<?x?x?x?xf32>
  %nk = tensor.dim %k, %i2 : tensor<?x?x?x?xf32>
  %iq = attn.range %nq : tensor<?xi64>
  %ik = attn.range %nk : tensor<?xi64>
  %col = tensor.expand_shape %iq [[0, 1]] output_shape [%nq, 1] : tensor<?xi64> into tensor<?x1xi64>
  %ge = attn.binary ge %col, %ik : tensor<?x1xi64>, tensor<?xi64>
  %ninf = arith.constant 0xFF800000 : f32
  %t = attn.transpose %k [0, 1, 3, 2] : tensor<?x?x?x?xf32>
  %s = attn.matmul %q, %t : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  %x = attn.select %ge, %s, %ninf : tensor<?x?xi1>, tensor<?x?x?x?xf32>, f32
  %w = attn.softmax %x axis 3 : tensor<?x?x?x?xf32>
  %o = attn.matmul %w, %v : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  return %o : tensor<?x?x?x?xf32>
}

