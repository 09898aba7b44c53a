/** Refusals that the server does not tie to a field, and a form can. */

import { ApiError } from "../../api/problem";

/** What is in the way of `act`, such as a name that is taken, is said at the field `field`. */
export async function atField<T>(field: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof ApiError) || !error.conflict || error.fields.length) throw error;
    const { status, message } = error;
    throw new ApiError(status, message, [{ field, message }]);
  }
}
