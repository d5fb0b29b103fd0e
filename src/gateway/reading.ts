// Reading: a gauge of which there is one, without labels.
import type { GaugeReading } from '../ports/gauges.ts';

export const reading = (name: string, help: string, value: number): GaugeReading => ({ name, help, labels: {}, value });
