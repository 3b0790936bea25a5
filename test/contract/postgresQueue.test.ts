import { testCellQueue } from './cellQueueSuite.ts';
import { testQueuedSweep } from './queuedSweepSuite.ts';

testCellQueue('postgres');
testQueuedSweep('postgres');
