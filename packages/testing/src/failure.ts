/** A rule of the contract that the operator under test has broken. */
export class ContractFailure extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ContractFailure";
  }
}

/** Ends the test: `message` says what the operator did. */
export function failure(message: string): never {
  throw new ContractFailure(message);
}
