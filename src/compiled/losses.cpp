// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/losses/feature_statistics.hpp"
#include "asyndgan/losses/running_statistics.hpp"

namespace asyndgan::losses {

template class RunningStatistics<float, Cpu>;
template FeatureLoss<float, Cpu> feature_statistics(const RunningStatistics<float, Cpu>&,
                                                    RunningStatistics<float>::FeatureMaps,
                                                    const LabelMap&,
                                                    const FeatureStatisticsOptions&);

}  // namespace asyndgan::losses
