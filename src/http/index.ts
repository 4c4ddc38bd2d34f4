/** What all servers have in common: limits, the shape of errors, who may come in, an orderly end. */
export { createServer, listen, type Server, type ServerOptions } from './server.ts';
export { guard, refuseExposure, type AccessOptions } from './access.ts';
export { PROBLEM } from './error-shape.ts';
export { FORM_BYTES, formFile, formLimits, limited, noFile, tooLarge, type FormFile } from './form-file.ts';
export { Keys, type Identity } from './keys.ts';
export { addMetrics } from './metrics-route.ts';
export { addOperation, SENT, takeJson } from './operation.ts';
export { keepPace, type Pace } from './pace.ts';
export { HttpError } from './http-error.ts';
export { onceTold } from './shutdown/index.ts';
export { signIn, type SignInOptions } from './sign-in.ts';
