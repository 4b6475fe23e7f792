"""Statistics of plain arrays: order statistics, moments, long-run variance, bootstrap, discoveries.

Axis 0 is time; a 2-D array gives one value per column. NaN values are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nautilus.core.lazy import lazy_exports

if TYPE_CHECKING:
    from nautilus.core.statistics.block_bootstrap import BootstrapInterval as BootstrapInterval
    from nautilus.core.statistics.block_bootstrap import bootstrap_interval as bootstrap_interval
    from nautilus.core.statistics.block_bootstrap import (
        stationary_bootstrap_indices as stationary_bootstrap_indices,
    )
    from nautilus.core.statistics.block_lengths import optimal_block_length as optimal_block_length
    from nautilus.core.statistics.discoveries import benjamini_hochberg as benjamini_hochberg
    from nautilus.core.statistics.discoveries import benjamini_yekutieli as benjamini_yekutieli
    from nautilus.core.statistics.discoveries import holm as holm
    from nautilus.core.statistics.gaussian import normal_cdf as normal_cdf
    from nautilus.core.statistics.gaussian import normal_density as normal_density
    from nautilus.core.statistics.gaussian import normal_quantile as normal_quantile
    from nautilus.core.statistics.influence import influence_of_moments as influence_of_moments
    from nautilus.core.statistics.influence import (
        influence_standard_error as influence_standard_error,
    )
    from nautilus.core.statistics.influence import jackknife_influence as jackknife_influence
    from nautilus.core.statistics.long_run import autocovariances as autocovariances
    from nautilus.core.statistics.long_run import automatic_lag as automatic_lag
    from nautilus.core.statistics.long_run import (
        hac_standard_error_of_mean as hac_standard_error_of_mean,
    )
    from nautilus.core.statistics.long_run import hac_variance as hac_variance
    from nautilus.core.statistics.moments import kurtosis as kurtosis
    from nautilus.core.statistics.moments import skewness as skewness
    from nautilus.core.statistics.order import quantile as quantile
    from nautilus.core.statistics.order import tail_mean as tail_mean

__all__ = [
    "BootstrapInterval",
    "autocovariances",
    "automatic_lag",
    "benjamini_hochberg",
    "benjamini_yekutieli",
    "bootstrap_interval",
    "hac_standard_error_of_mean",
    "hac_variance",
    "holm",
    "influence_of_moments",
    "influence_standard_error",
    "jackknife_influence",
    "kurtosis",
    "normal_cdf",
    "normal_density",
    "normal_quantile",
    "optimal_block_length",
    "quantile",
    "skewness",
    "stationary_bootstrap_indices",
    "tail_mean",
]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "block_bootstrap": [
            "BootstrapInterval",
            "bootstrap_interval",
            "stationary_bootstrap_indices",
        ],
        "block_lengths": ["optimal_block_length"],
        "discoveries": ["benjamini_hochberg", "benjamini_yekutieli", "holm"],
        "gaussian": ["normal_cdf", "normal_density", "normal_quantile"],
        "influence": [
            "influence_of_moments",
            "influence_standard_error",
            "jackknife_influence",
        ],
        "long_run": [
            "autocovariances",
            "automatic_lag",
            "hac_standard_error_of_mean",
            "hac_variance",
        ],
        "moments": ["kurtosis", "skewness"],
        "order": ["quantile", "tail_mean"],
    },
)
