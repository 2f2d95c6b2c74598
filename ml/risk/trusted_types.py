"""skops, which saves and loads models, with our own list of the types that it trusts.

Its own is made when it is imported, from every estimator of scikit-learn and every ufunc of scipy and numpy: it imports all of
scikit-learn and asks each loaded module for each name, which took 3 CPU seconds of a run. Our models need these few; any other
type in a file is refused.
"""

import sys
from types import ModuleType

_LISTS = (
    "PRIMITIVE_TYPE_NAMES",
    "CONTAINER_TYPE_NAMES",
    "SKLEARN_ESTIMATOR_TYPE_NAMES",
    "SKLEARN_INTERNAL_TYPE_NAMES",
    "SCIPY_UFUNC_TYPE_NAMES",
    "NUMPY_UFUNC_TYPE_NAMES",
    "NUMPY_RANDOM_BIT_GENERATOR_TYPE_NAMES",
    "NUMPY_DTYPE_TYPE_NAMES",
)
TRUSTED = [
    "builtins.str",
    "numpy.float64",
    "numpy.random.PCG64",
    "numpy.uint64",
    "scipy._lib.array_api_compat.numpy._aliases.asarray",
    "scipy.interpolate._bsplines.BSpline",
    "sklearn._loss.link.Interval",
    "sklearn._loss.link.LogitLink",
    "sklearn._loss.loss.HalfBinomialLoss",
    "sklearn.compose._column_transformer.ColumnTransformer",
    "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
    "sklearn.ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoostingClassifier",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.linear_model._logistic.LogisticRegression",
    "sklearn.pipeline.Pipeline",
    "sklearn.preprocessing._data.StandardScaler",
    "sklearn.preprocessing._function_transformer.FunctionTransformer",
    "sklearn.preprocessing._label.LabelEncoder",
    "sklearn.preprocessing._polynomial.SplineTransformer",
]
"""The types of a spline and of a boosted tree. scikit-learn follows a tree's nodes unchecked, so a file is opened only if its
hash matches the manifest."""

_names = ModuleType("skops.io._trusted_types")
vars(_names).update(dict.fromkeys(_LISTS, TRUSTED))
sys.modules.setdefault(_names.__name__, _names)

from skops import io as skops_io  # noqa: E402

__all__ = ["TRUSTED", "skops_io"]
