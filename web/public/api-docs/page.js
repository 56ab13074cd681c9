// Shows the description of this installation's REST resources. Nothing is asked of others: no validator, no fonts.
window.SwaggerUIBundle({
	url: '/api/v1/openapi.json',
	dom_id: '#api',
	validatorUrl: null,
	deepLinking: true,
	docExpansion: 'list',
	defaultModelsExpandDepth: 0,
	displayRequestDuration: true,
});
