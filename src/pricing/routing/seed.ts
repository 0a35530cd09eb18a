/**
 * Maps a seed to a fraction between 0 and 1 (exclusive): evenly spread, deterministic, and independent for
 * each purpose. FNV-1a with the final mix of MurmurHash3.
 */
export function fractionOf(seed: string, purpose: string): number {
  let hash = 0x81_1c_9d_c5;
  for (let index = 0; index < purpose.length; index++)
    hash = Math.imul(hash ^ purpose.charCodeAt(index), 0x01_00_01_93);
  for (let index = 0; index < seed.length; index++)
    hash = Math.imul(hash ^ seed.charCodeAt(index), 0x01_00_01_93);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85_eb_ca_6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2_b2_ae_35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 0x1_00_00_00_00;
}
