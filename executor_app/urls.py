"""The addresses of HTTP that are Codr's own."""

from __future__ import annotations

from django.urls import path

from . import account, api, program_api, views

urlpatterns = [
    path("", views.ide, name="ide"),
    path("p/<str:link>", views.ide_of_link, name="shared-program"),
    path("watch/<str:link>", views.ide_of_link, name="watch"),
    path("run/<str:link>", views.ide_of_link, name="shared-run"),
    path("embed", views.embed, name="embed"),
    path("account/", account.account, name="account"),
    path("account/keys/", account.make_key, name="make-key"),
    path("account/keys/<int:key_id>/revoke/", account.revoke_key, name="revoke-key"),
    path("account/password/", account.ChangePassword.as_view(), name="password"),
    path("accounts/login/", account.SignIn.as_view(), name="sign-in"),
    path("accounts/logout/", account.SignOut.as_view(), name="sign-out"),
    path("api/languages", views.languages_offered, name="languages"),
    path("api/openapi.json", views.described, name="openapi"),
    path("api/me", api.me, name="api-me"),
    path("api/jobs", api.jobs, name="api-jobs"),
    path("api/jobs/<str:job_id>", api.job, name="api-job"),
    path("api/jobs/<str:job_id>/transcript", api.transcript, name="api-transcript"),
    path("api/jobs/<str:job_id>/shares", api.shares, name="api-shares"),
    path("api/jobs/<str:job_id>/link", api.link, name="api-job-link"),
    path("api/jobs/<str:job_id>/cancel", api.cancel, name="api-cancel"),
    path("api/watch/<str:link>", api.watched, name="api-watched"),
    path("api/programs", program_api.saved, name="api-programs"),
    path("api/programs/<str:program_id>", program_api.program, name="api-program"),
    path("api/programs/<str:program_id>/link", program_api.link, name="api-program-link"),
    path("api/shared/<str:link>", program_api.shared, name="api-shared"),
    path("healthz", views.healthz, name="healthz"),
    path("favicon.ico", views.icon, name="icon"),
    path("readyz", views.readyz, name="readyz"),
]
