/**
 * The kernels that the tracer lowers, with the inputs and attributes that tfjs gives them. `Rules` makes the
 * lowering tables total: a kernel in this list without a rule does not compile.
 */
import type * as tf from '@tensorflow/tfjs';
import type { Lowering } from './lowering.ts';
import type { Traced } from './traced.ts';

type None = Record<never, never>;
type Unary = [tf.UnaryInputs, None];
type Binary = [tf.BinaryInputs, None];
type OnX = tf.IdentityInputs;
type Reduction = [OnX, { axis: number | number[]; keepDims: boolean }];
type ReductionByIndices = [OnX, tf.MaxAttrs];
type Window = { strides: [number, number] | number; pad: Padding; dilations: [number, number] | number };
type Padding = tf.Conv2DAttrs['pad'];

/** Kernel name → [inputs, attributes]. */
export interface Kernels {
  // element-wise, one operand
  Abs: Unary;
  Acos: Unary;
  Acosh: Unary;
  Asin: Unary;
  Asinh: Unary;
  Atan: Unary;
  Atanh: Unary;
  Cast: [OnX, tf.CastAttrs];
  Ceil: Unary;
  ClipByValue: [OnX, tf.ClipByValueAttrs];
  Cos: Unary;
  Cosh: Unary;
  Elu: Unary;
  Erf: Unary;
  Exp: Unary;
  Expm1: Unary;
  Floor: Unary;
  Identity: [OnX, None];
  IsFinite: Unary;
  IsInf: Unary;
  IsNan: Unary;
  LeakyRelu: [OnX, tf.LeakyReluAttrs];
  Log: Unary;
  Log1p: Unary;
  LogicalNot: [OnX, None];
  Neg: Unary;
  OnesLike: [OnX, None];
  Reciprocal: Unary;
  Relu: Unary;
  Relu6: Unary;
  Round: Unary;
  Rsqrt: Unary;
  Selu: Unary;
  Sigmoid: Unary;
  Sign: Unary;
  Sin: Unary;
  Sinh: Unary;
  Softplus: Unary;
  Sqrt: Unary;
  Square: Unary;
  Step: [OnX, tf.StepAttrs];
  Tan: Unary;
  Tanh: Unary;
  ZerosLike: [OnX, None];
  // element-wise, several operands
  Add: Binary;
  AddN: [tf.AddNInputs, None];
  Atan2: Binary;
  EluGrad: [tf.EluGradInputs, None];
  Equal: Binary;
  FloorDiv: Binary;
  Greater: Binary;
  GreaterEqual: Binary;
  Less: Binary;
  LessEqual: Binary;
  LogicalAnd: Binary;
  LogicalOr: Binary;
  LogicalXor: Binary;
  Maximum: Binary;
  Minimum: Binary;
  Mod: Binary;
  Multiply: Binary;
  NotEqual: Binary;
  Pow: Binary;
  Prelu: [tf.PreluInputs, None];
  RealDiv: Binary;
  Select: [tf.SelectInputs, None];
  SquaredDifference: Binary;
  Sub: Binary;
  // reductions and scans
  All: Reduction;
  Any: Reduction;
  ArgMax: [OnX, tf.ArgMaxAttrs];
  ArgMin: [OnX, tf.ArgMinAttrs];
  Cumprod: [OnX, tf.CumprodAttrs];
  Cumsum: [OnX, tf.CumsumAttrs];
  LogSoftmax: [tf.LogSoftmaxInputs, tf.LogSoftmaxAttrs];
  Max: ReductionByIndices;
  Mean: Reduction;
  Min: [OnX, tf.MinAttrs];
  Prod: Reduction;
  Softmax: [tf.SoftmaxInputs, tf.SoftmaxAttrs];
  Sum: Reduction;
  TopK: [OnX, tf.TopKAttrs];
  // shape and selection
  BatchToSpaceND: [OnX, tf.BatchToSpaceNDAttrs];
  BroadcastTo: [OnX, tf.BroadCastToAttrs];
  Concat: [tf.ConcatInputs, tf.ConcatAttrs];
  DepthToSpace: [OnX, tf.DepthToSpaceAttrs];
  ExpandDims: [tf.ExpandDimsInputs, tf.ExpandDimsAttrs];
  GatherNd: [tf.GatherNdInputs, None];
  GatherV2: [tf.GatherV2Inputs, tf.GatherV2Attrs];
  MirrorPad: [OnX, tf.MirrorPadAttrs];
  Pack: [tf.PackInputs, tf.PackAttrs];
  PadV2: [OnX, tf.PadV2Attrs];
  Reshape: [tf.ReshapeInputs, tf.ReshapeAttrs];
  Reverse: [OnX, tf.ReverseAttrs];
  ScatterNd: [tf.ScatterNdInputs, tf.ScatterNdAttrs];
  Slice: [OnX, tf.SliceAttrs];
  SpaceToBatchND: [OnX, tf.SpaceToBatchNDAttrs];
  SplitV: [OnX, tf.SplitVAttrs];
  StridedSlice: [OnX, tf.StridedSliceAttrs];
  Tile: [OnX, tf.TileAttrs];
  Transpose: [OnX, tf.TransposeAttrs];
  Unpack: [tf.UnpackInputs, tf.UnpackAttrs];
  UnsortedSegmentSum: [tf.UnsortedSegmentSumInputs, tf.UnsortedSegmentSumAttrs];
  // creation
  Fill: [None, tf.FillAttrs];
  LinSpace: [None, tf.LinSpaceAttrs];
  OneHot: [tf.OneHotInputs, tf.OneHotAttrs];
  Range: [None, tf.RangeAttrs];
  // linear algebra
  BatchMatMul: [tf.BatchMatMulInputs, tf.BatchMatMulAttrs];
  _FusedMatMul: [tf._FusedMatMulInputs, tf._FusedMatMulAttrs];
  // convolution
  Conv2D: [tf.Conv2DInputs, tf.Conv2DAttrs];
  Conv2DBackpropFilter: [tf.Conv2DBackpropFilterInputs, tf.Conv2DBackpropFilterAttrs];
  Conv2DBackpropInput: [tf.Conv2DBackpropInputInputs, tf.Conv2DBackpropInputAttrs];
  DepthwiseConv2dNative: [tf.DepthwiseConv2dNativeInputs, tf.DepthwiseConv2dNativeAttrs];
  DepthwiseConv2dNativeBackpropFilter: [
    tf.DepthwiseConv2dNativeBackpropFilterInputs,
    tf.DepthwiseConv2dNativeBackpropFilterAttrs,
  ];
  DepthwiseConv2dNativeBackpropInput: [
    tf.DepthwiseConv2dNativeBackpropInputInputs,
    tf.DepthwiseConv2dNativeBackpropInputAttrs,
  ];
  FusedConv2D: [tf.FusedConv2DInputs, tf.FusedConv2DAttrs];
  FusedDepthwiseConv2D: [tf.FusedDepthwiseConv2DInputs, tf.FusedDepthwiseConv2DAttrs];
  /** Ours (`nn/convolution.ts`): a depthwise convolution with dilation and stride, which tfjs refuses together. */
  DilatedDepthwiseConv2d: [tf.DepthwiseConv2dNativeInputs, Window];
  DilatedDepthwiseConv2dBackpropFilter: [
    tf.DepthwiseConv2dNativeBackpropFilterInputs,
    Window & { filterShape: [number, number, number, number] },
  ];
  DilatedDepthwiseConv2dBackpropInput: [
    tf.DepthwiseConv2dNativeBackpropInputInputs,
    Window & { inputShape: [number, number, number, number] },
  ];
  // pooling
  AvgPool: [OnX, tf.AvgPoolAttrs];
  AvgPoolGrad: [tf.AvgPoolGradInputs, tf.AvgPoolGradAttrs];
  /** Ours (`nn/pooling.ts`): the exact gradient, which tfjs's own kernel is not at a padded border. */
  AveragePoolGradient: [tf.AvgPoolGradInputs, tf.AvgPoolGradAttrs];
  MaxPool: [OnX, tf.MaxPoolAttrs];
  MaxPoolGrad: [tf.MaxPoolGradInputs, tf.MaxPoolGradAttrs];
  // normalisation; the last four are ours (`nn/channelwise.ts`)
  FusedBatchNorm: [tf.FusedBatchNormInputs, tf.FusedBatchNormAttrs];
  LRN: [OnX, tf.LRNAttrs];
  ChannelMoments: [OnX, None];
  ChannelDot: [ChannelDotInputs, None];
  ScaleShift: [ScaleShiftInputs, None];
  ScaleShiftAdd: [ScaleShiftAddInputs, None];
  /** Ours (`nn/folding.ts`): images side by side in the channels. */
  FoldImages: [OnX, { images: number }];
  UnfoldImages: [OnX, { images: number }];
  // choosing between branches; ours (`nn/choice.ts`)
  Choose: [readonly Info[], None];
  Gate: [GateInputs, None];
  // images
  FlipLeftRight: [tf.FlipLeftRightInputs, None];
  ResizeBilinear: [tf.ResizeBilinearInputs, tf.ResizeBilinearAttrs];
  ResizeBilinearGrad: [tf.ResizeBilinearGradInputs, tf.ResizeBilinearGradAttrs];
  ResizeNearestNeighbor: [tf.ResizeNearestNeighborInputs, tf.ResizeNearestNeighborAttrs];
  ResizeNearestNeighborGrad: [tf.ResizeNearestNeighborGradInputs, tf.ResizeNearestNeighborGradAttrs];
}

type Info = tf.TensorInfo;
/** Per-channel sums of products: x, y [N, H, W, C] → [C]. */
export type ChannelDotInputs = { x: Info; y: Info };
/** x [N, H, W, C], scale [C], shift [C] → x·scale + shift. */
export type ScaleShiftInputs = { x: Info; scale: Info; shift?: Info };
/** x·scale + other·otherScale + shift. */
export type ScaleShiftAddInputs = Required<ScaleShiftInputs> & { other: Info; otherScale: Info };

/** A value of any shape, and the flag (one bool) that lets it pass. */
export type GateInputs = { flag: Info; x: Info };

/** The inputs as the rule sees them: traced values in place of tensor infos; a list stays a list. */
export type TracedInputs<I> = I extends readonly Info[]
  ? readonly Traced[]
  : { readonly [K in keyof I]: Traced };

/** How one kernel is written in ONNX. */
export type Rule<I, A> = (
  lower: Lowering,
  inputs: TracedInputs<I>,
  attributes: A,
) => Traced | readonly Traced[];

/** One rule for every kernel. */
export type Rules = { readonly [K in keyof Kernels]: Rule<Kernels[K][0], Kernels[K][1]> };
