export type OverloadSignal = 'concurrency' | 'requests' | 'tokens' | 'spend' | 'global';
