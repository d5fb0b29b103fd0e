export interface EngineLoad {
  readonly waiting: number;
  readonly running: number;
  readonly kvUsage: number | null;
}
