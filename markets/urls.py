"""Addresses of the pairs pages."""

from django.urls import path

from markets import bench_views, calculators, decisions_views, views

urlpatterns = [
    path("tools/", calculators.calculator, name="tools"),
    path("tools/<slug:name>/", calculators.calculator, name="tool"),
    path("pairs/", views.pairs, name="pairs"),
    path("pairs/bench/", bench_views.bench, name="bench"),
    path("pairs/catalogue/", bench_views.catalogue_state, name="catalogue-state"),
    path("pairs/discover/", bench_views.discover, name="discover"),
    *(
        path(f"pairs/<path:slug>/{word}/", view, name=f"{word}-pair")
        for word, view in (
            ("reject", decisions_views.reject),
            ("teach", decisions_views.teach),
            ("snooze", decisions_views.snooze),
            ("invert", decisions_views.invert),
            ("allow", decisions_views.allow_source),
            ("exclude", decisions_views.exclude),
            ("chances", decisions_views.chances),
            ("pre-match", decisions_views.pre_match),
        )
    ),
    path("pairs/<path:slug>/", views.pair, name="pair"),
]
