"""Open layers in QGIS as its desktop does and print what it sees, as JSON.

Run by the Python of QGIS: PYTHON read_in_qgis.py SOURCE…, each FILE or FILE|layername=NAME.
"""

import json
import sys

from qgis.core import (
    Qgis,
    QgsApplication,
    QgsDateTimeRange,
    QgsFeatureRequest,
    QgsProject,
    QgsRenderContext,
    QgsTemporalUtils,
    QgsVectorLayer,
    QgsVectorLayerTemporalContext,
)
from qgis.PyQt.QtCore import QDateTime, Qt


def visible(layer, start, end):
    """The scenes that the temporal controller shows between two days."""
    times = [QDateTime.fromString(f"{day}T00:00:00Z", Qt.ISODate) for day in (start, end)]
    context = QgsVectorLayerTemporalContext()
    context.setLayer(layer)
    wanted = layer.temporalProperties().createFilterString(context, QgsDateTimeRange(*times))
    request = QgsFeatureRequest().setFilterExpression(wanted)
    return [feature["scene"] for feature in layer.getFeatures(request)] if wanted else None


def colours(layer):
    """The colour of each feature that is drawn."""
    context, renderer = QgsRenderContext(), layer.renderer()
    renderer.startRender(context, layer.fields())
    found = {}
    for feature in layer.getFeatures():
        symbol = renderer.symbolForFeature(feature, context)
        if not feature.geometry().isNull() and symbol is not None:
            found[feature["scene"]] = symbol.color().name()
    renderer.stopRender(context)
    return found


def seen(source):
    """What QGIS sees in a layer: the desktop loads the style after the layer, not with it."""
    options = QgsVectorLayer.LayerOptions()
    options.loadDefaultStyle = False
    layer = QgsVectorLayer(source, "layer", "ogr", options)
    if not layer.isValid():
        return {"valid": False}
    layer.loadDefaultStyle()
    fields, temporal = layer.fields(), layer.temporalProperties()
    acquired = fields.indexOf("acquired")
    facts = {
        "valid": True,
        "crs_valid": layer.crs().isValid(),
        "crs": layer.crs().authid(),
        "features": layer.featureCount(),
        "renderer": layer.renderer().type(),
        "temporal": temporal.isActive(),
        "acquired": fields[acquired].typeName() if acquired >= 0 else None,
    }
    if layer.renderer().type() == "graduatedSymbol":
        facts["labels"] = [part.label() for part in layer.renderer().ranges()]
        facts["colours"] = colours(layer)
    if temporal.isActive():
        facts["field"], facts["in_2011"] = (
            temporal.startField(),
            visible(layer, "2011-01-01", "2011-12-31"),
        )
        project = QgsProject.instance()
        project.addMapLayer(layer)
        span = QgsTemporalUtils.calculateTemporalRangeForProject(project)
        facts["span"] = [day.toString(Qt.ISODate)[:10] for day in (span.begin(), span.end())]
        project.clear()
    return facts


application = QgsApplication([], False)
application.initQgis()
print(json.dumps({"version": Qgis.QGIS_VERSION, "layers": [seen(each) for each in sys.argv[1:]]}))
