// Programs that hold no matrix of scores, or one that they ask for.
// RUN: attn-opt %s --attn-warn-unfused --verify-diagnostics -o /dev/null

// Weights as the result.
func.func @weights(%q: tensor<?x?x?x8xf32>, %t: tensor<?x?x8x?xf32>) -> tensor<?x?x?x?xf32> {
  %s = attn.matmul %q, %t : tensor<?x?x?x8xf32>, tensor<?x?x8x?xf32>
  %w = attn.softmax %s axis 3 : tensor<?x?x?x?xf32>
  return %w : tensor<?x?x?x?xf32>
}

// Few keys.
func.func @short(%q: tensor<?x?x?x8xf32>, %t: tensor<?x?x8x16xf32>, %v: tensor<?x?x16x8xf32>) -> (tensor<?x?x?x8xf32>, tensor<?x?x?x16xf32>) {
  %s = attn.matmul %q, %t : tensor<?x?x?x8xf32>, tensor<?x?x8x16xf32>
  %w = attn.softmax %s axis 3 : tensor<?x?x?x16xf32>
  %o = attn.matmul %w, %v : tensor<?x?x?x16xf32>, tensor<?x?x16x8xf32>
  return %o, %w : tensor<?x?x?x8xf32>, tensor<?x?x?x16xf32>
}

// A layer: its columns are channels, whatever their number.
func.func @layers(%x: tensor<?x?x?xf32>, %a: tensor<?x?xf32>, %b: tensor<?x?xf32>) -> tensor<?x?x?xf32> {
  %h = attn.matmul %x, %a : tensor<?x?x?xf32>, tensor<?x?xf32>
  %e = attn.unary tanh %h : tensor<?x?x?xf32>
  %y = attn.matmul %e, %b : tensor<?x?x?xf32>, tensor<?x?xf32>
  return %y : tensor<?x?x?xf32>
}

// The most likely word, of a number that is not known.
func.func @head(%x: tensor<?x?x?xf32>, %a: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %h = attn.matmul %x, %a : tensor<?x?x?xf32>, tensor<?x?xf32>
  %w = attn.softmax %h axis 2 : tensor<?x?x?xf32>
  %m = attn.reduce max %w axes [2] : tensor<?x?x?xf32>
  return %m : tensor<?x?xf32>
}

// Linear in the length: keys and values meet first.
func.func @linear(%q: tensor<?x?x?x?xf32>, %k: tensor<?x?x?x?xf32>, %v: tensor<?x?x?x?xf32>) -> tensor<?x?x?x?xf32> {
  %w = attn.softmax %k axis 2 : tensor<?x?x?x?xf32>
  %t = attn.transpose %w [0, 1, 3, 2] : tensor<?x?x?x?xf32>
  %s = attn.matmul %t, %v : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  %o = attn.matmul %q, %s : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  return %o : tensor<?x?x?x?xf32>
}

// A transform over positions: a matrix of no scores.
func.func @transform(%n: index, %x: tensor<?x?x32xf32>) -> tensor<?x?x32xf32> {
  %r = attn.range %n : tensor<?xi64>
  %c = tensor.expand_shape %r [[0, 1]] output_shape [%n, 1] : tensor<?xi64> into tensor<?x1xi64>
  %p = attn.binary mul %r, %c : tensor<?xi64>, tensor<?x1xi64>
  %f = attn.cast %p : tensor<?x?xi64> -> tensor<?x?xf32>
  %w = attn.unary cos %f : tensor<?x?xf32>
  %y = attn.matmul %w, %x : tensor<?x?xf32>, tensor<?x?x32xf32>
  return %y : tensor<?x?x32xf32>
}

// A bias that the program is given.
func.func @table(%q: tensor<?x?xf32>, %m: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %o = attn.attention %q, %q, %q score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %x = tensor.extract %m[%i, %j] : tensor<?x?xf32>
    %y = arith.addf %s, %x : f32
    attn.yield %y : f32
  } : tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?xf32> -> tensor<?x?xf32>
  return %o : tensor<?x?xf32>
}
