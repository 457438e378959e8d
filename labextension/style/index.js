import './base.css';
import './tagging.css';
import './runs.css';
