"""The published schema and its reader, behind sign-in and under the partner's name. Nothing comes from elsewhere."""

from __future__ import annotations

from typing import Any

from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp_update
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from console.access import SIGNED_IN, to_sign_in
from console.api.authentication import SessionPrincipal
from console.api.base import ApiView
from console.api.permissions import DenyUnlessGranted


class Schema(SpectacularJSONAPIView):
    required_action = SIGNED_IN
    authentication_classes = [SessionPrincipal]
    permission_classes = [DenyUnlessGranted]

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def _get_schema_response(self, request: Request) -> Response:
        response = super()._get_schema_response(request)
        response.data["info"]["title"] = f"{request._request.partner.name} API"
        return response


@method_decorator(csp_update({"style-src": [SELF, UNSAFE_INLINE]}), name="dispatch")
class Reader(SpectacularSwaggerSplitView):
    """Swagger UI from its wheel: a page, so strangers are sent to sign in.

    It styles itself inline, so its pages, and only they, may.
    """

    required_action = SIGNED_IN
    authentication_classes = [SessionPrincipal]
    permission_classes = [DenyUnlessGranted]
    url_name = "api-schema"
    title = "API"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.principal is None:
            return to_sign_in(request)
        return super().dispatch(request, *args, **kwargs)


class Nothing(ApiView):
    """Any other address below the API: 404 as a problem, not as a page."""

    required_action = SIGNED_IN

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super(ApiView, self).initial(request, *args, **kwargs)

    @extend_schema(exclude=True)
    def get(self, request: Request, **kwargs: Any) -> Response:
        raise NotFound("There is no such address in this version of the API.")

    post = put = patch = delete = get
