import { onnxruntimeEngine } from './src/engine/onnxruntime.ts';
import { steps, stepsWithAsides } from './test/engine/training.ts';
import { trace } from './src/trace/trace.ts';
import { optimize, optimizeForHalf } from './src/onnx/passes/index.ts';
import { verify } from './src/onnx/verify.ts';
import { graphNodes } from './src/onnx/ir.ts';
import { tfjsEngine } from './src/engine/tfjs.ts';
const device={name:'cuda',block:0,contrib:false};
const ref=await tfjsEngine('cpu'); const e=await onnxruntimeEngine({threads:1});
for (const s of steps) {
 const count=(g:any)=>{const c:any={};for(const n of graphNodes(g)){const k=n.op+(n.outputs[0].type.dtype==='float16'?'16':'');c[k]=(c[k]??0)+1}return c};
 const a=trace(s.fn,s.signature,{device,name:'t',optimize}), b=trace(s.fn,s.signature,{device,name:'t',optimize:optimizeForHalf});
 verify(b);
 console.log(s.name, graphNodes(a).length, graphNodes(b).length); console.log(JSON.stringify(count(b)));
 const x=await (await ref.compile(s.fn,s.signature,'r')).run(s.feeds), y=await (await e.compile(s.fn,s.signature,'h','float16')).run(s.feeds);
 for (const k of Object.keys(x)) { const p=x[k]!,q=y[k]!; let d=0,n=0; p.forEach((v:number,i:number)=>{d+=(v-q[i]!)**2;n+=v*v}); console.log('  ',k,Math.sqrt(d/n).toExponential(1)); }
}
