import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * Files that take as long as many others together, and mostly wait for processes that they have started: begun last
 * they would run alone in the end.
 */
const LONG = ["test/simulation/sim.test.ts", "test/crash/kill.test.ts"];

/** Begins with the long files, and takes the others as vitest does. */
export default class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const placeOf = ({ moduleId }: TestSpecification): number => {
      const place = LONG.findIndex((file) => moduleId.endsWith(file));
      return place < 0 ? LONG.length : place;
    };
    return sorted.toSorted((a, b) => placeOf(a) - placeOf(b));
  }
}
