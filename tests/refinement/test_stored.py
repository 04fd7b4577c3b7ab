"""What a sparse matrix stores, zeros too: against plain loops."""

import numpy as np
import pytest
from scipy import sparse

from tagrefine_core.refinement.stored import column_of, stored


@pytest.mark.parametrize("dtype", [np.float32, np.uint8])
def test_a_stored_zero_counts_and_a_column_is_read_as_it_lies(dtype: type) -> None:
    there = np.random.default_rng(2).random((30, 5)) < 0.3
    there[:, 4] = False
    rows, columns = np.nonzero(there)
    values = (np.arange(len(rows)) % 3).astype(dtype)
    matrix = sparse.csr_matrix((values, (rows, columns)), shape=there.shape)
    np.testing.assert_array_equal(stored(matrix).toarray(), there)
    assert stored(matrix).dtype == np.int8 and stored(matrix, np.float32).dtype == np.float32
    for column in range(5):
        found, data = column_of(matrix, column)
        np.testing.assert_array_equal(found, np.flatnonzero(there[:, column]))
        np.testing.assert_array_equal(data, values[columns == column])
