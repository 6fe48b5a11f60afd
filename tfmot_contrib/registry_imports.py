"""Registers every experiment, task and technique of this fork.

Official Models finds them by name once their modules are imported.
"""

# pylint: disable=unused-import
from official.vision import registry_imports
from tfmot_contrib.baselines import experiments as baselines
from tfmot_contrib.pruning import experiments as pruning
