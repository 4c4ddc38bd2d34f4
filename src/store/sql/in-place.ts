/** How the detail of a file begins that stays in place and is not approved. */
export const REJECTED = 'rejected';
export const RESTORED = 'restored from quarantine';
