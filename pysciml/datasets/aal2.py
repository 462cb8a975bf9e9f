"""Names of the 94 cerebral regions of the AAL2 atlas.

Rolls, Joliot and Tzourio-Mazoyer 2015, doi:10.1016/j.neuroimage.2015.07.075. Left and right of
each structure alternate.
"""

from __future__ import annotations

_BEFORE = """
    Precentral Frontal_Sup_2 Frontal_Mid_2 Frontal_Inf_Oper Frontal_Inf_Tri Frontal_Inf_Orb_2
    Rolandic_Oper Supp_Motor_Area Olfactory Frontal_Sup_Medial Frontal_Med_Orb Rectus OFCmed
    OFCant OFCpost OFClat Insula Cingulate_Ant Cingulate_Mid Cingulate_Post
"""
_LIMBIC = " Hippocampus ParaHippocampal Amygdala "
_BETWEEN = """
    Calcarine Cuneus Lingual Occipital_Sup Occipital_Mid Occipital_Inf Fusiform Postcentral
    Parietal_Sup Parietal_Inf SupraMarginal Angular Precuneus Paracentral_Lobule
"""
_DEEP = " Caudate Putamen Pallidum Thalamus "
_TEMPORAL = "Heschl Temporal_Sup Temporal_Pole_Sup Temporal_Mid Temporal_Pole_Mid Temporal_Inf"


def _both_sides(structures: str) -> tuple[str, ...]:
    return tuple(f"{name}_{side}" for name in structures.split() for side in "LR")


REGIONS = _both_sides(_BEFORE + _LIMBIC + _BETWEEN + _DEEP + _TEMPORAL)
SUBCORTICAL = _both_sides(_LIMBIC + _DEEP)
