"""Six requests to begin from, each as a customer would put it; most of them leave nothing to ask."""

from pilothouse import Template

TEMPLATES = (
    Template(
        id="fraud-detection",
        title="Real-time fraud detection",
        summary="Score each card payment while the customer waits.",
        workflow="mlops",
        icon="shield",
        input=(
            "Real-time fraud detection for card payments on AWS: 400 transactions per second with peaks of "
            "three times that, each scored within 100 ms at p99 with 99.95% availability. PCI DSS and GDPR "
            "apply, declined payments have to be explained, and the budget is $8,000 per month for a team "
            "of five engineers who already run Kafka."
        ),
    ),
    Template(
        id="demand-forecasting",
        title="Batch demand forecasting",
        summary="Next week's sales of every product in every shop, each night.",
        workflow="mlops",
        icon="chart",
        input=(
            "Nightly batch demand forecasting for 300 shops on GCP: 12 million predictions per day from 2 "
            "TB of sales history in BigQuery, retrained weekly and explained to the buyers. No personal "
            "data, a budget of $3,000 per month and a team of three data scientists."
        ),
    ),
    Template(
        id="rag-assistant",
        title="Assistant that answers from documents",
        summary="Questions of employees, answered with sources from manuals and contracts.",
        workflow="mlops",
        icon="book",
        input=(
            "A RAG assistant on Azure that answers questions of 2,000 employees from 150,000 internal "
            "documents, with sources and within 5 seconds at p95, about 3 requests per second at 99.9% "
            "availability. The data stays in the EU under GDPR, answers are reviewed by people, and the "
            "budget is $6,000 per month."
        ),
    ),
    Template(
        id="edge-vision",
        title="Vision at the edge",
        summary="Find defects on a production line, also without a network.",
        workflow="mlops",
        icon="eye",
        input=(
            "Visual inspection on edge devices in two factories: 60 cameras find surface defects with "
            "computer vision, 20 images per second on each line within 50 ms, and have to work offline. "
            "Retraining every month from 5 TB of images on Kubernetes on-premises, open source only, "
            "$4,000 per month."
        ),
    ),
    Template(
        id="recommendations",
        title="Product recommendations",
        summary="What a shop's visitors may like, while the page loads.",
        workflow="mlops",
        icon="heart",
        input=(
            "Product recommendations for an online shop with 2 million users on AWS: 250 requests per "
            "second within 80 ms at p95, peaks of five times that in December, trained daily on 1 TB of "
            "clicks. GDPR applies and the budget is $7,000 per month; the team has four engineers."
        ),
    ),
    Template(
        id="churn",
        title="Churn prediction",
        summary="Which subscribers are about to leave, and why.",
        workflow="mlops",
        icon="people",
        input=(
            "Weekly batch churn prediction for 800,000 subscribers on Azure, with explanations for the "
            "retention team, from 300 GB of billing and usage data in PostgreSQL. Personal data under GDPR "
            "in Germany, two data scientists, and a budget of $1,500 per month."
        ),
    ),
)
