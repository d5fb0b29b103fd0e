/** True for names and addresses that only this machine can reach: `localhost`, 127.0.0.0/8, `::1`, bracketed or IPv4-mapped. */
export function isLoopback(host: string): boolean {
  const bare = host
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/^::ffff:/, '');
  return bare === 'localhost' || bare === '::1' || /^127(?:\.\d{1,3}){3}$/.test(bare);
}
