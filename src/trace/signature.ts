export * from '../signature.ts';
