"""What a program caused: estimators as pure functions, each from a frame to an `Estimate`, or an `EstimateRefused`.

One file per design, strongest first: `randomised`, `staggered_did`, `synthetic_did`, `interrupted_series`, and `before_after`,
which describes and never claims a cause. They know nothing of practices, programs or warehouses: the caller names the columns.
"""
