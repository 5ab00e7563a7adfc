import { BaseSequencer, type TestSpecification } from "vitest/node"

// Short files of tests that take long. Vitest starts the longest files first; one of these would run alone at the end.
const first = ["benchmarks/test/system/smoke", "stress/test/system/stress", "tmux/test/system/Deaths"]

const isFirst = ({ moduleId }: TestSpecification) => first.some((path) => moduleId.includes(path))

/** The order in which test files are started. */
export default class Order extends BaseSequencer {
  override async sort(files: Array<TestSpecification>) {
    const sorted = await super.sort(files)
    return [...sorted.filter(isFirst), ...sorted.filter((file) => !isFirst(file))]
  }
}
